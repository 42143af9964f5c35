/** Measurements that no profile can be made of, in words: where, what was expected, what to do. */
export class ProfileError extends Error {
  override name = "ProfileError";
}

/** Array.shift for queues that mostly hold one entry, where it costs a fraction. Longer ones are moved up, O(n). */
export function takeFirst<T>(items: T[]): T | undefined {
  return items.length <= 1 ? items.pop() : items.shift();
}

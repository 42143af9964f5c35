/**
 * Plausible text for a backend without a model: one word a token, the same words for the same request. Says nothing, but
 * streams, measures and reads like an answer.
 */

const WORDS = (
  "the of and to in is that it was for on are as with they be at one have this from or had by but some what " +
  "there we can out other were all your when up use word how said an each she which do their time if will way " +
  "about many then them would write like so these her long make thing see him two has look more day could go " +
  "come did my sound no most number who over know water than call first people may down side been now find"
).split(" ");

/** Words in a sentence. */
const SENTENCE = 12;

/** The text of tokens `from` to `to` (exclusive) of the answer that begins with `seed`. */
export function words(seed: number, from: number, to: number): string {
  let text = "";
  for (let index = from; index < to; index++) {
    const isFirst = index % SENTENCE === 0;
    const word = WORDS[(seed + index * 31 + ((index * index) % 97)) % WORDS.length]!;
    if (index > 0) text += isFirst ? ". " : " ";
    text += isFirst ? word.charAt(0).toUpperCase() + word.slice(1) : word;
  }
  return text;
}

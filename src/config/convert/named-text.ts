/** A file of another tool. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

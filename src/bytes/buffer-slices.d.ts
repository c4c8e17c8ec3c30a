/**
 * Node's Buffer has these methods (they are what `toString(encoding, start, end)` ends in, without its argument checks, and
 * twice as fast for short texts), but @types/node does not declare them.
 */
interface Buffer {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  asciiSlice(start: number, end: number): string;
  hexSlice(start: number, end: number): string;
  utf8Write(text: string, offset: number, length: number): number;
}

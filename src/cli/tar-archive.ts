import { gzipSync } from 'node:zlib';

const BLOCK = 512;

/** A gzipped tar (ustar) of text files, for whoever unpacks it with `tar xzf`. Names are ASCII of at most 100 bytes. */
export const tarArchive = (files: ReadonlyMap<string, string>, modified: Date): Buffer => {
  const blocks = [...files].flatMap(([name, text]) => {
    const content = Buffer.from(text, 'utf8');
    const rest = (BLOCK - (content.length % BLOCK)) % BLOCK;
    return [header(name, content.length, modified), content, Buffer.alloc(rest)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]));
};

/** name 100, mode 8, uid 8, gid 8, size 12, mtime 12, checksum 8, type 1, link 100, "ustar\0" "00". Numbers are octal text. */
const header = (name: string, size: number, modified: Date): Buffer => {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void =>
    void block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  block.write(name, 0, 100, 'latin1');
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.floor(modified.getTime() / 1000), 136, 12);
  block.write('        ', 148, 'latin1');
  block.write('0', 156, 'latin1');
  block.write('ustar\0' + '00', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
};

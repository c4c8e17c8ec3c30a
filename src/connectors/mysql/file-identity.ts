import { MillraceError } from '../../core/errors.ts';
import { type BinlogPosition, fileNumber } from './binlog-position.ts';

/** The file that reading was in, to be known again when the server is asked to go on with it. */
export class FileIdentity {
  readonly #held: BinlogPosition;
  readonly #address: string;

  /** `address`: the server's, for messages. */
  constructor(held: BinlogPosition, address: string) {
    this.#held = held;
    this.#address = address;
  }

  /**
   * Throws MYSQL_SERVER_RESET unless the log goes on from the held file. A log that was reset begins its numbers anew, GTIDs too,
   * and may have grown past what is held. But then its files are younger than their namesakes were, or have lower numbers.
   */
  check(file: string, fileTime: number): void {
    const held = this.#held;
    const isSame = file === held.file && fileTime === held.fileTime;
    if (isSame || fileNumber(file) > fileNumber(held.file)) return;
    throw new MillraceError('MYSQL_SERVER_RESET', {
      address: this.#address,
      wanted: `${held.file} begun at ${held.fileTime}`,
      found: `${file} begun at ${fileTime}`,
    });
  }
}

/**
 * How a client proves that it knows a password without sending it. S is the server's scramble of 20 bytes.
 *
 *   mysql_native_password   SHA1(password) xor SHA1(S + SHA1(SHA1(password)))                     20 bytes
 *   caching_sha2_password   SHA256(password) xor SHA256(SHA256(SHA256(password)) + S)             32 bytes
 *
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
 */

import { createHash, timingSafeEqual } from 'node:crypto';

export type AuthenticationPlugin = 'mysql_native_password' | 'caching_sha2_password';

/** Whether `proof` shows the password. An empty password has an empty proof. */
export const proves = (plugin: AuthenticationPlugin, password: string, scramble: Buffer, proof: Buffer): boolean => {
  if (password === '') return proof.length === 0;
  const expected = plugin === 'mysql_native_password' ? nativeProof(password, scramble) : sha2Proof(password, scramble);
  return proof.length === expected.length && timingSafeEqual(proof, expected);
};

const nativeProof = (password: string, scramble: Buffer): Buffer => {
  const once = hash('sha1', Buffer.from(password));
  return xor(once, hash('sha1', scramble, hash('sha1', once)));
};

const sha2Proof = (password: string, scramble: Buffer): Buffer => {
  const once = hash('sha256', Buffer.from(password));
  return xor(once, hash('sha256', hash('sha256', once), scramble));
};

const hash = (name: 'sha1' | 'sha256', ...parts: readonly Buffer[]): Buffer => {
  const sum = createHash(name);
  for (const part of parts) sum.update(part);
  return sum.digest();
};

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, i) => byte ^ b[i]!));

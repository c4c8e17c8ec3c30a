/** Bits that server and client agree on at login (MySQL include/mysql_com.h, CLIENT_*). */
export const capability = {
  LONG_PASSWORD: 0x1,
  FOUND_ROWS: 0x2,
  LONG_FLAG: 0x4,
  CONNECT_WITH_DB: 0x8,
  PROTOCOL_41: 0x200,
  TRANSACTIONS: 0x2000,
  SECURE_CONNECTION: 0x8000,
  MULTI_RESULTS: 0x2_0000,
  PLUGIN_AUTH: 0x8_0000,
  CONNECT_ATTRIBUTES: 0x10_0000,
  PLUGIN_AUTH_LENENC: 0x20_0000,
} as const;

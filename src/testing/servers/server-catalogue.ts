/** The servers that tests run on: what each is called, and where its programs come from. */
export interface CatalogueEntry {
  readonly name: ServerName;
  readonly flavor: 'mysql' | 'mariadb';
  readonly version: string;
  /** The Debian suite whose packages hold this version. */
  readonly suite: string;
  readonly packages: readonly string[];
  /** Names a server to use instead of launching one: `mysql://user:password@host:port`. */
  readonly variable: string;
}

export type ServerName = 'mysql-9.7' | 'mariadb-11.8' | 'mariadb-10.11';

const mariadbPackages = ['mariadb-server-core', 'mariadb-client-core', 'mariadb-server'];

export const serverCatalogue: readonly CatalogueEntry[] = [
  {
    name: 'mysql-9.7',
    flavor: 'mysql',
    version: '9.7',
    suite: 'sid',
    packages: ['mysql-server-core', 'mysql-client-core'],
    variable: 'MILLRACE_TEST_MYSQL_97',
  },
  {
    name: 'mariadb-11.8',
    flavor: 'mariadb',
    version: '11.8',
    suite: 'trixie',
    packages: mariadbPackages,
    variable: 'MILLRACE_TEST_MARIADB_118',
  },
  {
    name: 'mariadb-10.11',
    flavor: 'mariadb',
    version: '10.11',
    suite: 'bookworm',
    packages: mariadbPackages,
    variable: 'MILLRACE_TEST_MARIADB_1011',
  },
];

/** Which family of servers wrote a log. Event numbers from 160 on, metadata and value forms depend on it. */
export type Flavor = 'mysql' | 'mariadb';

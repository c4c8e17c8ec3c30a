import { type DiscoveredTable, discoverTables } from '../../connectors/mysql/discover-tables.ts';
import { selectsTable } from '../../connectors/mysql/table-selection.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { askServer, type Interview, type NamedServer, RefusedAnswer, sayWhy, whileWaiting } from './interview.ts';
import { type ChosenTables, chooseTables, offerTables, offerText } from './offered-tables.ts';

export interface AnsweredSource {
  readonly server: NamedServer;
  readonly chosen: ChosenTables;
}

/** Asks which server is read, until one answers the login and shows a table, then which of its tables. */
export const askSource = async (interview: Interview): Promise<AnsweredSource> => {
  const { asker } = interview;
  for (let offered = 'millrace@127.0.0.1:3306'; ; ) {
    const server = await askServer(interview, {
      question: 'MySQL or MariaDB to read',
      offered,
      variable: 'MYSQL_PASSWORD',
    });
    offered = server.shown;
    try {
      asker.say(`asking ${server.address} …`);
      const found = await whileWaiting(asker, discoverTables(server.config, systemClock));
      const selects = selectsTable({ tables: ['\\.*.\\.*'] });
      const tables = found.filter(({ database, name }) => selects(database, name));
      if (tables.length === 0) {
        throw new RefusedAnswer(
          `${server.config.username} may see no table there; GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.*`,
        );
      }
      return { server, chosen: await askTables(interview, server, tables) };
    } catch (error) {
      sayWhy(interview, error);
    }
  }
};

const askTables = async (
  interview: Interview,
  server: NamedServer,
  tables: readonly DiscoveredTable[],
): Promise<ChosenTables> => {
  const { asker } = interview;
  const offers = offerTables(tables);
  asker.say(offerText(offers));
  const databases = [...new Set(tables.map(({ database }) => database))];
  const wanted = server.database ?? (databases.length === 1 ? databases[0]! : null);
  for (;;) {
    const answer = await asker.ask('Tables: numbers (1, 3-5), names, or patterns such as shop.\\.*', {
      fallback: wanted !== null && databases.includes(wanted) ? wanted : '',
    });
    try {
      const chosen = chooseTables(answer, offers, tables);
      asker.say(
        `that is ${chosen.tables.length === 1 ? 'one table' : `${chosen.tables.length} tables`} today: ${chosen.patterns.join(', ')}`,
      );
      return chosen;
    } catch (error) {
      sayWhy(interview, error);
    }
  }
};

import { MillraceError } from '../../core/errors.ts';
import type { AdditionalField, OutboxOptions } from '../../formats/outbox/outbox-events.ts';
import { topicRoute } from '../../formats/outbox/topic-route.ts';
import type { OutboxConfig } from './outbox-config.ts';

/** Throws CONFIG_WRONG_VALUE for an expression that is none. */
export const outboxOptions = (config: OutboxConfig): OutboxOptions => {
  const expand = {
    keepsNulls: config['outbox.table.json.payload.null.behavior'] !== 'ignore',
    keepsEmptyArrays: config['outbox.table.json.payload.empty.array.behavior'] !== 'ignore',
  };
  return {
    id: config['outbox.table.field.event.id'],
    key: config['outbox.table.field.event.key'],
    payload: config['outbox.table.field.event.payload'],
    timestamp: config['outbox.table.field.event.timestamp'] ?? null,
    routeBy: config['outbox.route.by.field'],
    topicOf: routeOf(config),
    additional: additionalFields(config['outbox.table.fields.additional.placement'] ?? ''),
    whereMissing: config['outbox.table.field.additional.missing'],
    expand: config['outbox.table.expand.json.payload'] ? expand : null,
    tombstoneOnEmpty: config['outbox.route.tombstone.on.empty.payload'],
  };
};

const routeOf = (config: OutboxConfig): ((routedBy: string) => string) => {
  try {
    return topicRoute(config['outbox.route.topic.regex'], config['outbox.route.topic.replacement']);
  } catch (error) {
    const reason = `it is no regular expression: ${(error as Error).message}`;
    throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'outbox.route.topic.regex', reason }, { cause: error });
  }
};

const additionalFields = (text: string): readonly AdditionalField[] =>
  text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [name, placement, alias] = part.split(':').map((piece) => piece.trim());
      return { column: name!, placement: placement as AdditionalField['placement'], alias: alias ?? name! };
    });

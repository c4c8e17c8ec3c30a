import type { Clock } from '../../../core/clock.ts';
import { isMillraceError, type MillraceError } from '../../../core/errors.ts';
import { AvroRecordJson } from '../../../formats/debezium-avro/record-json.ts';
import { unreadable } from '../../../formats/json-rows/json-scanner.ts';
import type { Message, MessageReader, Reading } from '../../../formats/json-rows/message.ts';
import type { SchemaRegistry } from '../schema-registry.ts';

/** How keys are written. */
export type KeyFormat = 'avro-confluent' | 'json' | 'raw';

interface Unusable {
  readonly error: MillraceError;
  readonly untilMs: number;
}

/**
 * Messages whose keys and values are Avro in Confluent's frame (a byte 0, the schema's id in four bytes, the record), read as the
 * JSON with a schema that they stand for. Their schemas come from the registry, each once.
 */
export class AvroMessages implements MessageReader {
  readonly #inner: MessageReader;
  readonly #keys: KeyFormat;
  readonly #registry: SchemaRegistry;
  readonly #clock: Clock;
  readonly #schemas = new Map<number, AvroRecordJson | Unusable>();
  readonly #wanted = new Set<number>();

  /** `inner` reads the JSON. `keys`: in another form than Avro they are handed on as they are. */
  constructor(inner: MessageReader, registry: SchemaRegistry, clock: Clock, keys: KeyFormat = 'avro-confluent') {
    this.#inner = inner;
    this.#keys = keys;
    this.#registry = registry;
    this.#clock = clock;
  }

  isReady({ key, value }: Message): boolean {
    if (this.#keys === 'avro-confluent') this.#want(key);
    this.#want(value);
    return this.#wanted.size === 0;
  }

  /** Throws KAFKA_REGISTRY_REFUSED and KAFKA_REGISTRY_UNREACHABLE. A schema that is of no use is the messages' fault that name it. */
  async learn(): Promise<void> {
    // Whoever makes ids up may not fill the memory.
    if (this.#schemas.size >= maxSchemas) this.#schemas.clear();
    for (const id of this.#wanted) {
      try {
        this.#schemas.set(id, new AvroRecordJson(id, await this.#registry.schemaOf(id)));
      } catch (error) {
        if (!isMillraceError(error, 'FORMAT_SCHEMA_UNUSABLE')) throw error;
        this.#schemas.set(id, { error, untilMs: this.#clock.monotonic() + unusableForMs });
      }
      this.#wanted.delete(id);
    }
  }

  read(message: Message): Reading {
    const { value, key, database, table, offset } = message;
    const json = value === null || value.length === 0 ? null : this.#schemaIn(value, 'value').json(value, frameBytes);
    const isAvro = this.#keys === 'avro-confluent';
    const schemaIn = (bytes: Uint8Array): AvroRecordJson => this.#schemaIn(bytes, 'key');
    const hasKey = key !== null && key.length > 0;
    return this.#inner.read({
      value: json,
      schema: json === null ? null : this.#schemaIn(value!, 'value').connectSchema,
      // Most rows come without their key being looked at.
      get key() {
        return !hasKey ? null : isAvro ? schemaIn(key).json(key, frameBytes) : key;
      },
      get keySchema() {
        return hasKey && isAvro ? schemaIn(key).connectSchema : null;
      },
      database,
      table,
      offset,
      origin: () => message.origin(),
    });
  }

  #want(bytes: Uint8Array | null): void {
    if (bytes === null || !isFramed(bytes)) return;
    const id = schemaId(bytes);
    const known = this.#schemas.get(id);
    // A schema may be registered after all.
    if (known !== undefined && !('untilMs' in known && known.untilMs <= this.#clock.monotonic())) return;
    this.#wanted.add(id);
  }

  #schemaIn(bytes: Uint8Array, part: 'key' | 'value'): AvroRecordJson {
    if (!isFramed(bytes)) return unreadable(`its ${part} is not the byte 0, the id of a schema and an Avro record`);
    const schema = this.#schemas.get(schemaId(bytes));
    if (schema instanceof AvroRecordJson) return schema;
    throw schema?.error ?? new Error('a message is read once its schemas are learned of');
  }
}

const frameBytes = 5;
const unusableForMs = 10_000;
const maxSchemas = 10_000;

const isFramed = (bytes: Uint8Array): boolean => bytes.length >= frameBytes && bytes[0] === 0;

const schemaId = (bytes: Uint8Array): number =>
  ((bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!) >>> 0;

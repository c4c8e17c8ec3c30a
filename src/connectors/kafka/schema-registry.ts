import type { Clock } from '../../core/clock.ts';
import { MillraceError } from '../../core/errors.ts';
import type { RegistryConfig } from './registry-config.ts';

interface Answer {
  readonly status: number;
  readonly body: {
    readonly id?: number;
    readonly message?: string;
    readonly schema?: string;
    readonly schemaType?: string;
    readonly references?: readonly unknown[];
  };
}

/**
 * A registry that speaks Confluent's REST API, of which three requests are used:
 *
 *     POST /subjects/SUBJECT/versions {"schema": "…"}   registers, and answers {"id": 7}; 409 where it is not compatible
 *     POST /subjects/SUBJECT {"schema": "…"}            looks up; 404 where it is not held
 *     GET /schemas/ids/7                                reads one, {"schema": "…"}; 404 where there is none
 *
 * https://docs.confluent.io/platform/current/schema-registry/develop/api.html
 */
export class SchemaRegistry {
  readonly #urls: readonly string[];
  readonly #headers: Readonly<Record<string, string>>;
  readonly #registers: boolean;
  readonly #clock: Clock;
  readonly #ids = new Map<string, number>();

  constructor(config: RegistryConfig, clock: Clock) {
    const urls = config['schema.registry.url'] ?? [];
    if (urls.length === 0) {
      throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'schema.registry.url', reason: 'the Avro formats need it' });
    }
    this.#urls = urls.map((url) => url.replace(/\/+$/, ''));
    const login = config['schema.registry.basic.auth.user.info'];
    const token = config['schema.registry.bearer.auth.token'];
    this.#headers = {
      'content-type': 'application/vnd.schemaregistry.v1+json',
      ...(login === undefined ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    this.#registers = config['auto.register.schemas'] ?? false;
    this.#clock = clock;
  }

  /**
   * The id of a schema, which is asked for once. Throws KAFKA_SCHEMA_INCOMPATIBLE, KAFKA_SCHEMA_MISSING, KAFKA_REGISTRY_REFUSED and,
   * when no registry answers for some tries, KAFKA_REGISTRY_UNREACHABLE.
   */
  async idOf(subject: string, schema: string): Promise<number> {
    const known = this.#ids.get(`${subject}\n${schema}`);
    if (known !== undefined) return known;
    const path = `/subjects/${encodeURIComponent(subject)}${this.#registers ? '/versions' : ''}`;
    const { status, body } = await this.#ask(path, JSON.stringify({ schema }));
    const reason = body.message ?? 'it says nothing';
    if (status === 409) throw new MillraceError('KAFKA_SCHEMA_INCOMPATIBLE', { subject, reason });
    if (status === 404 && !this.#registers) throw new MillraceError('KAFKA_SCHEMA_MISSING', { subject });
    if (status !== 200 || typeof body.id !== 'number') {
      throw new MillraceError('KAFKA_REGISTRY_REFUSED', { subject, status, reason });
    }
    this.#ids.set(`${subject}\n${schema}`, body.id);
    return body.id;
  }

  /** The Avro schema that has an id. Throws FORMAT_SCHEMA_UNUSABLE, KAFKA_REGISTRY_REFUSED and KAFKA_REGISTRY_UNREACHABLE. */
  async schemaOf(id: number): Promise<string> {
    const { status, body } = await this.#ask(`/schemas/ids/${id}`, null);
    const unusable = (reason: string) => new MillraceError('FORMAT_SCHEMA_UNUSABLE', { id, reason });
    if (status === 404) throw unusable('the schema registry does not hold it');
    if (status !== 200 || typeof body.schema !== 'string') {
      const reason = body.message ?? 'it says nothing';
      throw new MillraceError('KAFKA_REGISTRY_REFUSED', { subject: `the schema ${id}`, status, reason });
    }
    const { schemaType = 'AVRO', references = [] } = body;
    if (schemaType !== 'AVRO') throw unusable(`it is of the type ${schemaType}, not Avro`);
    if (references.length > 0) throw unusable('it refers to other schemas');
    return body.schema;
  }

  /** Asks one registry after the other, and all of them a few times: one that is being restarted is back soon. */
  async #ask(path: string, body: string | null): Promise<Answer> {
    let reason = '';
    for (let round = 0; round < rounds; round += 1) {
      if (round > 0) await this.#clock.sleep(pauseMs * round);
      for (const url of this.#urls) {
        try {
          const signal = AbortSignal.timeout(timeoutMs);
          const answer = await fetch(`${url}${path}`, {
            method: body === null ? 'GET' : 'POST',
            headers: this.#headers,
            body,
            signal,
          });
          const text = await answer.text();
          if (answer.status < 500) return { status: answer.status, body: bodyOf(text) };
          reason = `HTTP ${answer.status}`;
        } catch (error) {
          const { message, cause } = error as Error;
          reason = cause instanceof Error && cause.message !== '' ? cause.message : message;
        }
      }
    }
    throw new MillraceError('KAFKA_REGISTRY_UNREACHABLE', { servers: this.#urls.join(', '), reason });
  }
}

const bodyOf = (text: string): Answer['body'] => {
  try {
    return (JSON.parse(text) as Answer['body'] | null) ?? {};
  } catch {
    return { message: 'its answer is not JSON' };
  }
};

const rounds = 3;
const pauseMs = 500;
const timeoutMs = 10_000;

import { MillraceError } from '../../core/errors.ts';
import type { ReplyError } from '../../protocol/redis/reply.ts';

interface Asked {
  readonly server: string;
  readonly user: string;
  /** The command's name; its arguments are nobody's business. */
  readonly command: string;
}

/** What a server's refusal means for a pipeline. */
export const redisFailure = (reply: ReplyError, { server, user, command }: Asked): MillraceError => {
  // `ERR unknown command 'X', with args beginning with: 'value'` quotes what was sent.
  const reason = reply.message.replace(/,? with args beginning with.*$/s, '').slice(0, 200);
  if (isLoginRefusal(reply)) return new MillraceError('REDIS_AUTHENTICATION_FAILED', { server, user, reason });
  if (reply.code === 'NOPERM') {
    return new MillraceError('REDIS_NOT_PERMITTED', { server, user, command: forbidden(reply, command) });
  }
  if (reply.code === 'OOM') return new MillraceError('REDIS_OUT_OF_MEMORY', { server });
  if (isWrongType(reply)) return new MillraceError('REDIS_WRONG_TYPE', { server, command });
  if (passing.has(reply.code) || isDownWithin.test(reply.message))
    return new MillraceError('REDIS_NOT_READY', { server, reason });
  return new MillraceError('REDIS_COMMAND_REFUSED', { server, command, reason });
};

/** What was sent may be many commands, of which the refusal names one. */
const forbidden = ({ message }: ReplyError, command: string): string => {
  const [, name = command] = /'([^']+)' command/.exec(message) ?? [];
  return / access /.test(message) ? `${name} on the keys that it is about` : name;
};

/** Of the server, and of its JSON module, which has words of its own for it. */
export const isWrongType = ({ code, message }: ReplyError): boolean =>
  code === 'WRONGTYPE' || message.includes('wrong Redis type');

const isLoginRefusal = ({ code, message }: ReplyError): boolean =>
  code === 'NOAUTH' ||
  code === 'WRONGPASS' ||
  /^ERR (invalid password|Client sent AUTH|AUTH .* called without any password)/.test(message);

/** What a script is told in place of CLUSTERDOWN. */
const isDownWithin = /while the cluster is down/;

/** States that a server leaves by itself, or by an operator's hand on the server alone. */
const passing = new Set([
  'LOADING',
  'MASTERDOWN',
  'NOMASTERLINK',
  'BUSY',
  'TRYAGAIN',
  'CLUSTERDOWN',
  'NOREPLICAS',
  'MISCONF',
  'READONLY',
  // Slots of a cluster went to another node.
  'MOVED',
  'ASK',
]);

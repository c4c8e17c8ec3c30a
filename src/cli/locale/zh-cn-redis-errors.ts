import type { LocalErrors } from './local-error.ts';

/** Chinese texts of what can go wrong with Redis: its connections, files and data. */
export const zhRedisErrors: LocalErrors = {
  REDIS_AUTHENTICATION_FAILED: [
    '<server> 拒绝了 <user> 的登录：<reason>',
    '请检查 `username` 与 `password`。Redis 6 之前的服务器，以及只设置了 `requirepass` 的服务器，只有 default 用户。',
  ],
  REDIS_COMMAND_REFUSED: [
    '<server> 拒绝了 <command>：<reason>',
    '请查阅错误的第一个词。位点没有移动，再次运行管道会重复同样的工作。',
  ],
  REDIS_NOT_PERMITTED: [
    '<server> 不允许 <user> 执行 <command>',
    '请授权该命令：`ACL SETUSER name +command`，以及它涉及的键：`~pattern`。',
  ],
  REDIS_NOT_READY: [
    '<server> 目前无法提供服务：<reason>',
    'millrace 会自动重试。若持续如此，请查看服务器的 `INFO persistence` 与 `INFO replication`。',
  ],
  REDIS_PROTOCOL: [
    'Redis 连接的第 <offset> 字节无法理解：<reason>',
    'millrace 会自动重新连接。若反复出现，请检查 `port` 是否是 Redis 的端口、它是否要求 TLS（`ssl.mode: required`），以及中间的代理。',
  ],
};

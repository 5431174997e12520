/** Headers between two neighbours on the way: they say nothing about the call. RFC 9110, 7.6.1. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Headers that hold a credential. They do not reach the flow, because its input is stored, shown and
 * exported. A token that a sender puts into a header is what `key_header` of the webhook checks.
 */
export const CREDENTIALS: ReadonlySet<string> = new Set([
  'api-key',
  'authorization',
  'cookie',
  'ocp-apim-subscription-key',
  'proxy-authorization',
  'set-cookie',
  'x-access-token',
  'x-amz-security-token',
  'x-api-key',
  'x-auth-token',
  'x-csrf-token',
  'x-forwarded-client-cert',
  'x-gitlab-token',
  'x-goog-channel-token',
  'x-goog-iap-jwt-assertion',
  'x-telegram-bot-api-secret-token',
  'x-vault-token',
  'x-xsrf-token',
])

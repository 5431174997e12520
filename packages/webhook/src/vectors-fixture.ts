import { createHmac } from 'node:crypto'
import type { WebhookCall } from './call.ts'
import type { GenericSignature, SignatureConfig, TimedSignature } from './signature-config.ts'

/** An example that a sender has published, so that agreeing with it proves more than with ourselves. */
export interface Vector<T extends SignatureConfig = SignatureConfig> {
  readonly name: string
  readonly config: T
  readonly call: WebhookCall
  /** ms since 1970: when it was signed. */
  readonly at: number
  readonly replayKey: string
}

const call = (headers: Record<string, string>, body: string): WebhookCall => ({
  method: 'POST',
  path: '',
  query: '',
  headers,
  body: Buffer.from(body),
})

/** docs.github.com, "Validating webhook deliveries". */
export const GITHUB: Vector = {
  name: 'GitHub',
  config: { preset: 'github', secrets: ["It's a Secret to Everybody"] },
  call: call(
    {
      'x-hub-signature-256':
        'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    },
    'Hello, World!',
  ),
  at: 1_700_000_000_000,
  replayKey: 'id:72d3162e-cc78-11e3-81ab-4c9367dc0958',
}

/** The fixture that Stripe's own libraries are tested with. */
const STRIPE_BODY = `${JSON.stringify(
  {
    id: 'evt_123',
    object: 'event',
    account: 'acct_123',
    api_version: '2017-05-25',
    created: 1533204620,
    data: {
      object: {
        id: 'cus_123',
        object: 'customer',
        created: 123456789,
        email: 'test@stripe.com',
        livemode: false,
        metadata: {},
      },
    },
    livemode: false,
    pending_webhooks: 1,
    request: { id: 'req_123', idempotency_key: 'idempotency-key-123' },
    type: 'customer.created',
  },
  null,
  2,
)}\n`

export const STRIPE: Vector & { readonly resign: (seconds: number) => WebhookCall } = {
  name: 'Stripe',
  config: { preset: 'stripe', secrets: ['webhook_secret'] },
  call: call(
    {
      'stripe-signature':
        't=1533204620,v1=2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7,v0=63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef',
    },
    STRIPE_BODY,
  ),
  at: 1_533_204_620_000,
  replayKey: 'id:evt_123',
  resign: (seconds) => {
    const mac = createHmac('sha256', 'webhook_secret').update(`${seconds}.${STRIPE_BODY}`)
    return call({ 'stripe-signature': `t=${seconds},v1=${mac.digest('hex')}` }, STRIPE_BODY)
  },
}

/** docs.slack.dev, "Verifying requests from Slack". */
export const SLACK: Vector = {
  name: 'Slack',
  config: { preset: 'slack', secrets: ['8f742231b10e8888abcd99yyyzzz85a5'] },
  call: call(
    {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    },
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
  ),
  at: 1_531_420_618_000,
  replayKey: 'mac:a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
}

/** The example of Svix and of the Standard Webhooks libraries. */
export const STANDARD: Vector<TimedSignature> = {
  name: 'Standard Webhooks',
  config: { preset: 'standard_webhooks', secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] },
  call: call(
    {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
    '{"test": 2432232314}',
  ),
  at: 1_614_265_330_000,
  replayKey: 'id:msg_p5jXN8AQM9LWM0D4loKWxJek',
}

/** RFC 2202 and RFC 4231, test case 2, and two of the examples above said in our own words. */
const RFC_BODY = 'what do ya want for nothing?'
const RFC_MACS: readonly [GenericSignature['algorithm'], string][] = [
  ['sha1', 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
  ['sha256', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
  [
    'sha512',
    '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
  ],
]

export const GENERIC: readonly Vector<GenericSignature>[] = [
  ...RFC_MACS.map(([algorithm = 'sha256', mac]): Vector<GenericSignature> => ({
    name: `RFC example of ${algorithm}`,
    config: { preset: 'generic', secrets: ['Jefe'], header: 'x-signature', algorithm },
    call: call({ 'x-signature': mac }, RFC_BODY),
    at: 0,
    replayKey: `mac:${mac}`,
  })),
  {
    name: 'RFC example in base64 with a prefix and an id',
    config: {
      preset: 'generic',
      secrets: ['Jefe'],
      header: 'x-signature',
      encoding: 'base64',
      prefix: 'mac ',
      id_header: 'x-request-id',
    },
    call: call(
      {
        'x-signature': `mac ${Buffer.from(RFC_MACS[1]?.[1] ?? '', 'hex').toString('base64')}`,
        'x-request-id': 'r-1',
      },
      RFC_BODY,
    ),
    at: 0,
    replayKey: 'id:r-1',
  },
  {
    name: 'Slack in the generic preset',
    config: {
      preset: 'generic',
      secrets: SLACK.config.secrets,
      header: 'x-slack-signature',
      prefix: 'v0=',
      timestamp_header: 'x-slack-request-timestamp',
      signed_content: 'v0:{timestamp}:{body}',
    },
    call: SLACK.call,
    at: SLACK.at,
    replayKey: SLACK.replayKey,
  },
]

import { Type } from 'typebox'
import { Json, strict } from './parts.ts'

const Response = Type.Optional(
  Type.Unknown({ description: 'an object by the names of the form; {} presses its only button' }),
)

export const MessageReply = strict({ response: Response })

const Recipient = Type.String({
  minLength: 1,
  maxLength: 256,
  pattern:
    '^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]*\\S[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]*$',
  description: 'who gets the link; shown as the author of the answer',
})

export const NewLink = strict({
  recipient: Recipient,
  expires_after: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 7_776_000, default: 604_800, description: 'seconds' }),
  ),
})

const Token = Type.String({
  minLength: 1,
  maxLength: 2_048,
  description: 'what follows # in a link',
})

/** Of strangers no more is read than the largest answer takes, every character of it escaped. */
export const LINK_BODY_MAX_BYTES = 2 * 1_048_576

export const LinkBody = strict({ token: Token })
export const LinkReply = strict({ token: Token, response: Response })

export const LinkForm = Type.Object({
  recipient: Type.String(),
  form: Json,
  expires_at: Type.String(),
})

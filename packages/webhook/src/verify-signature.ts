import { createHash } from 'node:crypto'
import type { WebhookCall } from './call.ts'
import { macOf, matchingMac } from './mac.ts'
import { readSignature, type SignatureFailure } from './read-signature.ts'
import { type SignatureConfig, TOLERANCE_SECONDS } from './signature-config.ts'

export type SignatureVerdict = VerifiedSignature | SignatureFailure

export interface VerifiedSignature {
  readonly ok: true
  /**
   * What a second delivery of the same call would give again: at most 140 characters. Stored in the
   * transaction that starts the execution, it makes one execution of any number of deliveries.
   */
  readonly replayKey: string
  /** ms since 1970. The key has to be known up to and including this moment. */
  readonly rememberUntil: number
}

export interface VerifyOptions {
  /** ms since 1970. */
  readonly now: number
  /** How long a delivery may be tried again, in seconds. */
  readonly replayWindowSeconds: number
}

/**
 * Whether a call was signed with one of the secrets, lately. The time is judged after the signature:
 * a stranger learns nothing of our clock, and "too old" always means a late or a repeated call.
 */
export function verifySignature(
  config: SignatureConfig,
  call: WebhookCall,
  { now, replayWindowSeconds }: VerifyOptions,
): SignatureVerdict {
  const parts = readSignature(config, call)
  if (!parts.ok) return parts
  // Under an empty key anybody can sign.
  const keys = parts.keys.filter((key) => key.length > 0)
  const macs = keys.map((key) => macOf(parts.algorithm, key, parts.content))
  const mac = matchingMac(macs, parts.candidates)
  if (mac === null) return MISMATCH

  const tolerance = ('tolerance_seconds' in config && config.tolerance_seconds) || TOLERANCE_SECONDS
  const late = parts.timestamp === null ? null : lateness(parts.timestamp, now, tolerance)
  if (late !== null) return late
  const window = now + replayWindowSeconds * 1_000
  return {
    ok: true,
    replayKey: replayKeyOf(parts.deliveryId(), mac),
    // The same bytes stay acceptable until their own time has run out; whole seconds are compared.
    rememberUntil:
      parts.timestamp === null
        ? window
        : Math.max(window, parts.timestamp + (tolerance + 1) * 1_000),
  }
}

function lateness(timestamp: number, now: number, tolerance: number): SignatureFailure | null {
  const seconds = Math.floor(Math.abs(now - timestamp) / 1_000)
  if (seconds <= tolerance) return null
  return now > timestamp
    ? {
        ok: false,
        reason: 'timestamp_too_old',
        message: `The call was signed ${seconds} s ago; ${tolerance} s are accepted. Either it is a repeated one, or the sender's clock is behind.`,
      }
    : {
        ok: false,
        reason: 'timestamp_too_new',
        message: `The call was signed ${seconds} s ahead of our time; ${tolerance} s are accepted. The sender's clock is ahead.`,
      }
}

/**
 * The delivery's own id, or else the signature. Ours, not the header's text: hex and base64 can be
 * written in several ways, and each would be another key.
 */
function replayKeyOf(id: string | null, mac: Buffer): string {
  if (id === null) return `mac:${mac.toString('hex')}`
  if (/^[\x20-\x7e]{1,128}$/.test(id)) return `id:${id}`
  return `sha256:${createHash('sha256').update(id).digest('hex')}`
}

const MISMATCH: SignatureFailure = {
  ok: false,
  reason: 'signature_mismatch',
  message:
    'The signature is not that of this body under any of the secrets of this webhook. Compare the secret at the sender, and let nothing on the way change the body.',
}

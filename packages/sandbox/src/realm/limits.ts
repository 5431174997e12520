import { VALUE_MAX_BYTES } from '@millrace/replay'

/** What one execution may use. Numbers of the host's options; inside a realm they never change. */
export interface RealmLimits {
  readonly commands: number
  readonly logsPerActivation: number
  readonly logs: number
  readonly payloadBytes: number
  readonly depth: number
}

const limits: { current: RealmLimits } = {
  current: {
    commands: 100_000,
    logsPerActivation: 10_000,
    logs: 100_000,
    payloadBytes: VALUE_MAX_BYTES,
    depth: 64,
  },
}

export function realmLimits(): RealmLimits {
  return limits.current
}

export function setRealmLimits(given: RealmLimits): void {
  limits.current = Object.freeze({ ...given })
}

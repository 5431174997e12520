import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { sleep } from '@millrace/runtime'
import type { Stack } from '../../stack/index.ts'
import { natsUrl, withNats } from './nats.ts'
import { keepAway } from './outage.ts'

/** What somebody has published. */
interface HeardMessage {
  readonly subject: string
  readonly bytes: Uint8Array
}

/** All that is published for a while, by whoever it is. */
export async function recordMessages(url: string, forMs: number): Promise<readonly HeardMessage[]> {
  const connection = await connect({ servers: url, name: 'chaos-recorder' })
  const heard: HeardMessage[] = []
  connection.subscribe('>', {
    callback: (error, { subject, data }) => {
      // What begins with these is NATS's own.
      if (error === null && !/^[_$]/.test(subject))
        heard.push({ subject, bytes: Uint8Array.from(data) })
    },
  })
  await sleep(forMs)
  await connection.close()
  return heard
}

/** Publishes them once more. Answers with how many there were. */
export function sendAgain(url: string, messages: readonly HeardMessage[]): Promise<number> {
  return withNats(url, async (connection) => {
    for (const { subject, bytes } of messages) connection.publish(subject, bytes)
    await connection.flush()
    return messages.length
  })
}

/** The folder of its streams as it is now. Answers with where the copy is. */
export async function copyNats({ home }: Pick<Stack, 'home'>): Promise<string> {
  const copy = join(home, 'nats-copy')
  await mkdir(join(home, 'nats', 'store'), { recursive: true })
  // Files of a server that runs: whatever vanishes meanwhile is not in the copy.
  await cp(join(home, 'nats', 'store'), copy, { recursive: true, force: true })
  return copy
}

/** Killed, its folder replaced by the copy, and started again by the supervisor. */
export async function rollBackNats(stack: Stack, copy: string): Promise<void> {
  await keepAway(stack, 'nats', {
    forMs: 0,
    meanwhile: async () => {
      const store = join(stack.home, 'nats', 'store')
      await rm(store, { recursive: true, force: true })
      await cp(copy, store, { recursive: true })
    },
  })
  await withNats(natsUrl(stack), () => Promise.resolve())
}

// The sandbox process. It has no file system, no network and no environment, so nothing here comes
// from the workspace but the files that `process-source.ts` names. It does what the engine's side
// says; it keeps no rules and no secrets of its own.
import { encodeFrame, FrameReader } from '../frames.ts'
import { FlowSyntaxError } from '../flow-syntax-error.ts'
import { EXIT_MEMORY } from '../messages.ts'
import type { FromProcess, ToProcess } from '../messages.ts'
import { RealmFailed, RealmHost } from './realm-host.ts'
import type { IsolateClass, Settings } from './realm-host.ts'

const FRAME_MAX_BYTES = 1024 * 1024 * 1024
const WATCH_MS = 25
const MIB = 1024 * 1024

export function runProcess(IsolateOf: IsolateClass): void {
  const realms = new Map<number, RealmHost>()
  let settings: Settings | null = null
  let running = 0
  let tick = 0
  let processBytes = Infinity
  const reader = new FrameReader<ToProcess>(FRAME_MAX_BYTES)
  process.stdin.on('data', (chunk: Buffer) => {
    for (const { head, body } of reader.push(chunk)) receive(head, body)
  })
  process.stdin.on('end', () => process.exit(0))
  let watching: NodeJS.Timeout | null = null

  // Only while something runs: an idle process is to cost nothing.
  function watch(): void {
    watching ??= setInterval(() => {
      tick++
      for (const realm of realms.values()) realm.watch(tick)
      if (tick % 8 === 0 && process.memoryUsage.rss() > processBytes) process.exit(EXIT_MEMORY)
      if (running > 0 || tick % 8 !== 0) return
      if (watching !== null) clearInterval(watching)
      watching = null
    }, WATCH_MS)
  }

  function receive(message: ToProcess, body: string): void {
    switch (message.type) {
      case 'hello':
        settings = {
          realmSource: body,
          limits: JSON.stringify(message.limits),
          memoryMib: message.memoryMib,
          cpuMs: message.cpuMs,
        }
        processBytes = message.processMib * MIB
        return send({ type: 'ready' }, '')
      case 'open':
        return open(message, body)
      case 'run':
        return run(message.id, message.realm, body)
      case 'forget':
        return realms.get(message.realm)?.forget(body)
      case 'close':
        realms.get(message.realm)?.close()
        realms.delete(message.realm)
        return
      case 'ping':
        return send({ type: 'done', id: message.id }, '')
    }
  }

  function open(
    { id, realm, language, debug }: Extract<ToProcess, { type: 'open' }>,
    body: string,
  ): void {
    try {
      if (settings === null) throw new Error('no hello came first')
      const own = debug === undefined ? settings.realmSource : body.slice(0, debug.realmChars)
      realms.set(
        realm,
        new RealmHost(
          IsolateOf,
          { ...settings, realmSource: own },
          body.slice(debug?.realmChars ?? 0),
          language,
          debug?.options,
        ),
      )
      send({ type: 'done', id }, '')
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (error instanceof FlowSyntaxError) {
        send({ type: 'syntax', id, message, line: error.line, column: error.column }, '')
      } else if (error instanceof SyntaxError) {
        send({ type: 'syntax', id, message, line: 1, column: 1 }, '')
      } else send({ type: 'failed', id, why: 'broken', message }, '')
    }
  }

  function run(id: number, number: number, body: string): void {
    const realm = realms.get(number)
    if (realm === undefined)
      return send({ type: 'failed', id, why: 'broken', message: 'no such realm' }, '')
    running++
    watch()
    const lastWords = (): void =>
      send({ type: 'failed', id, why: 'cpu', message: 'it did not stop when told to' }, '')
    realm.run(body, lastWords).then(
      (text) => {
        running--
        const heap = realm.heap()
        send(heap === undefined ? { type: 'done', id } : { type: 'done', id, heap }, `[${text}]`)
      },
      (error: unknown) => {
        running--
        realms.delete(number)
        const why = error instanceof RealmFailed ? error.why : 'broken'
        send(
          {
            type: 'failed',
            id,
            why,
            message: error instanceof Error ? error.message : String(error),
          },
          '',
        )
      },
    )
  }

  function send(message: FromProcess, body: string): void {
    process.stdout.write(encodeFrame(message, body))
  }
}

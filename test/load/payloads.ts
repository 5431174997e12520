import { figure, type Figure, type Scenario } from '../bench/scenario.ts'
import { allPids } from '../stack/processes.ts'
import { quantile, timed } from './measure.ts'
import { startTarget, type Target } from './target.ts'

const SIZES = [
  { name: '100 KiB', bytes: 100 * 1_024, calls: 50, inFlight: 4 },
  { name: '1 MiB', bytes: 1_048_576, calls: 20, inFlight: 4 },
  { name: '16 MiB', bytes: 16 * 1_048_576, calls: 4, inFlight: 1 },
]
/** Documented: a body over HTTP. */
const BODY_MAX_BYTES = 64 * 1_048_576

export const payloads: Scenario = {
  id: 'payloads',
  title: 'inputs and outputs of 100 KiB, 1 MiB and 16 MiB',
  how: 'A flow gives back its input; created with `?wait`, the output read by itself and compared. Then a body over the limit of 64 MiB, and sixteen of 16 MiB at once: each works or is refused in words, and no process dies.',
  async run() {
    await using target = await startTarget()
    await target.flow('echo', 'return inputs')
    const pids = allPids(target.stack.home).toSorted().join(' ')
    const figures: Figure[] = []
    for (const size of SIZES) {
      const took: number[] = []
      let next = 0
      const callers = Array.from({ length: size.inFlight }, async () => {
        while (next++ < size.calls) took.push((await timed(() => echo(target, size.bytes))) * 1_000)
      })
      await Promise.all(callers)
      figures.push(
        figure(`${size.name}: there and back, p50`, quantile(took, 0.5), 'ms'),
        figure(`${size.name}: at most`, quantile(took, 1), 'ms'),
      )
      console.log(size.name, took.map(Math.round).join(' '))
    }
    const tooLarge = await target.ask('POST', 'execution', body('x'.repeat(BODY_MAX_BYTES)))
    const isNamed = tooLarge.status === 413 && tooLarge.text.includes('64 MiB')
    figures.push(
      figure('over 64 MiB: 413 that names the limit', Number(isNamed), '', { atLeast: 1 }),
    )

    const statuses = await Promise.all(
      Array.from({ length: 16 }, () => tryEcho(target, 16 * 1_048_576)),
    )
    console.log('sixteen at once:', statuses.join(', '))
    const clear = statuses.filter((status) =>
      /^(200 ENDED_SUCCESS|200 ENDED_ERROR .*limit of memory|429 .*MILLRACE|413 .*MiB)/.test(
        status,
      ),
    )
    figures.push(
      figure('sixteen of 16 MiB at once: served or refused in words', clear.length, '', {
        atLeast: 16,
      }),
      figure(
        'of them served',
        statuses.filter((status) => status.startsWith('200 ENDED_SUCCESS')).length,
        '',
      ),
    )
    await echo(target, 1_024)
    const isSame = allPids(target.stack.home).toSorted().join(' ') === pids
    return [...figures, figure('processes that died', isSame ? 0 : 1, '', { atMost: 0 })]
  },
}

const body = (value: string): string =>
  JSON.stringify({ flow_name: 'echo', input_value: { value } })

async function echo(target: Target, bytes: number): Promise<void> {
  const status = await tryEcho(target, bytes)
  if (!status.startsWith('200 ENDED_SUCCESS')) throw new Error(`${bytes} bytes: ${status}`)
}

/** `200 ENDED_SUCCESS` when the output was what went in. */
async function tryEcho(target: Target, bytes: number): Promise<string> {
  const value = String(Math.random()).padEnd(bytes, 'x')
  const made = await target.ask('POST', 'execution?wait=120&fields=id,status,message', body(value))
  if (made.status !== 200) return `${made.status} ${made.text.slice(0, 400)}`
  const { id, status, message } = JSON.parse(made.text) as Record<string, string>
  if (status !== 'ENDED_SUCCESS') return `${made.status} ${status} ${message}`
  const read = await target.ask('GET', `execution/${id}/output`)
  if (read.status !== 200) return `${read.status} ${read.text.slice(0, 400)}`
  const output = JSON.parse(read.text) as { value?: string }
  return output.value === value ? '200 ENDED_SUCCESS' : 'another output'
}

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Check } from './check.ts'
import { type PanResult, readPanOutput } from './pan-output.ts'

/** Makes the verifier of one check, compiles it, lets it search, and reads what it found. */
export async function runCheck(model: string, { kind, switches }: Check): Promise<PanResult> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-model-'))
  try {
    await run(folder, 'spin', ['-a', ...switches.map((one) => `-D${one}`), resolve(model)])
    await run(folder, 'gcc', ['-O1', '-w', ...OPTIONS, ...COMPILE[kind], '-o', 'pan', 'pan.c'])
    const search = [`-m${DEPTH}`, ...(kind === 'ends' ? ['-a', '-f'] : [])]
    return readPanOutput(kind, await run(folder, './pan', search))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

// COLLAPSE keeps every state whole, in less memory: nothing is approximated.
const MEMORY_MIB = 1_500
const OPTIONS = ['-DCOLLAPSE', `-DMEMLIM=${MEMORY_MIB}`]
const COMPILE = {
  safe: ['-DSAFETY', '-DNOCLAIM'],
  seen: ['-DSAFETY', '-DNOCLAIM'],
  ends: ['-DNFAIR=3'],
} as const
const DEPTH = 100_000

function run(folder: string, program: string, args: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = (chunk: Buffer): void => void (output += chunk.toString())
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', fail)
    child.on('close', (code) => {
      // The verifier's own code is 0 whatever it found; a compiler's is not.
      if (code === 0) done(output)
      else fail(new Error(`${program} ${args.join(' ')}: ${output.trim()}`))
    })
  })
}

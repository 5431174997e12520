import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { productCommit } from '../product-commit.ts'
import type { Turn } from './ratios.ts'

interface KeptTurn {
  readonly product: string
  readonly turn: Turn
}

const FOLDER = `${import.meta.dirname}/../../.millrace-bench`
const FILE = `${FOLDER}/peers.jsonl`

/** Whole turns of the same product: a run of many minutes goes on where it was stopped. */
export function readTurns(): Turn[] {
  if (!existsSync(FILE)) return []
  const product = productCommit()
  return readFileSync(FILE, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as KeptTurn)
    .filter((kept) => kept.product === product)
    .map(({ turn }) => turn)
}

export function keepTurn(turn: Turn): void {
  mkdirSync(FOLDER, { recursive: true })
  const kept: KeptTurn = { product: productCommit(), turn }
  appendFileSync(FILE, `${JSON.stringify(kept)}\n`)
}

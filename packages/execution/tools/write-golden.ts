import { writeFileSync } from 'node:fs'
import { printPage } from '../src/diagram.ts'
import { printGrid } from '../src/grid.ts'

// Run after a deliberate change of the table; the diff is what a reviewer reads.
writeFileSync(new URL('../src/grid.golden.txt', import.meta.url), printGrid())
writeFileSync(new URL('../../../docs/execution-states.md', import.meta.url), printPage())

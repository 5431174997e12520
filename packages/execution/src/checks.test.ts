import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { EXECUTION_CHECKS, EXECUTION_DOMAINS, checkLines } from './checks.ts'

const FOLDER = new URL('../../store/migrations/', import.meta.url)
const migrations = readdirSync(FOLDER)
  .toSorted()
  .map((name) => readFileSync(new URL(name, FOLDER), 'utf8'))
  .join('\n')

test('the migrations hold the domains and CHECKs that the tables give', () => {
  for (const line of checkLines()) assert.ok(migrations.includes(line), line)
})

test('every CHECK of the migrations that is named after the execution is one of them', () => {
  const dropped = new Set(
    [...migrations.matchAll(/DROP CONSTRAINT (execution_\w+)/gu)].map(([, name]) => name),
  )
  const others = [...migrations.matchAll(/^CREATE TABLE (execution_\w+)/gmu)].map(
    ([, name]) => name,
  )
  const ofTable = [...migrations.matchAll(/^ {2}CONSTRAINT (execution_\w+) CHECK/gmu)]
    .map(([, name]) => name)
    .filter((name) => !dropped.has(name))
    .filter((name) => !others.some((table) => name?.startsWith(`${table}_`)))
  assert.deepEqual(
    ofTable,
    EXECUTION_CHECKS.map(({ name }) => name),
  )
  const ofDomains = [...migrations.matchAll(/^CREATE DOMAIN (execution_\w+)/gmu)].map(
    ([, name]) => name,
  )
  assert.deepEqual(
    ofDomains,
    EXECUTION_DOMAINS.map(({ domain }) => domain),
  )
})

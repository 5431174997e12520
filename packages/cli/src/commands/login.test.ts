import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json, startScriptedServer } from '@millrace/client/testing'
import { createSandbox } from '../../test/run-in-test.ts'
import { readProfiles, writeProfiles, type Profiles } from '../profile-file.ts'

const session = json(201, { token: 'new', expires_at: '2026-01-02T00:00:00Z' })
const LOGIN = ['login', '-u', 'ada', '--password-stdin']

/** Logs in where `profiles` are known, and says which profile has the new token then. */
async function login(
  argv: readonly string[],
  profilesFor: (url: string) => Profiles,
  env: (url: string) => Record<string, string> = () => ({}),
) {
  await using server = await startScriptedServer([session])
  await using box = await createSandbox()
  const where = { env: { XDG_CONFIG_HOME: `${box.dir}/config` }, homeDir: box.dir }
  await writeProfiles(where, profilesFor(server.url))
  const args = [...LOGIN, ...argv.map((word) => (word === 'URL' ? server.url : word))]
  const ran = await box.run(args, { stdin: 'secret\n', env: env(server.url) })
  const { current, profiles } = await readProfiles(where)
  const keys = Object.fromEntries(
    Object.entries(profiles).map(([name, { api_key }]) => [name, api_key]),
  )
  return { ...ran, current, keys, requests: server.seen.length }
}

const OTHER = { url: 'http://other.example', api_key: 'kept' }

test('login keeps its token in the profile in use', async () => {
  const { exitCode, current, keys } = await login([], (url) => ({
    current: 'prod',
    profiles: { default: OTHER, prod: { url, api_key: 'old' } },
  }))
  assert.deepEqual(
    { exitCode, current, keys },
    { exitCode: 0, current: 'prod', keys: { default: 'kept', prod: 'new' } },
  )
})

test('login where MILLRACE_URL points leaves the profiles of other servers as they are', async () => {
  const { current, keys } = await login(
    [],
    () => ({ current: 'prod', profiles: { prod: OTHER } }),
    (url) => ({ MILLRACE_URL: url }),
  )
  assert.deepEqual(
    { current, keys },
    { current: 'default', keys: { prod: 'kept', default: 'new' } },
  )
})

test('login --url does not take the default profile of another server', async () => {
  const { exitCode, err, keys, requests } = await login(['--url', 'URL'], () => ({
    current: 'default',
    profiles: { default: OTHER },
  }))
  assert.equal(exitCode, 2)
  assert.match(err, /^error: profile default is for http:\/\/other\.example\n.*--profile/)
  assert.deepEqual({ keys, requests }, { keys: { default: 'kept' }, requests: 0 })
})

test('login --url --profile makes the profile that is named', async () => {
  const { exitCode, current, keys } = await login(['--url', 'URL', '--profile', 'new'], () => ({
    current: 'default',
    profiles: { default: OTHER },
  }))
  assert.deepEqual(
    { exitCode, current, keys },
    { exitCode: 0, current: 'new', keys: { default: 'kept', new: 'new' } },
  )
})

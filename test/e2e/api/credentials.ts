import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Client, createClient } from '@millrace/client'
import { newId, now } from '@millrace/runtime'
import { type StackInUse, until } from '../../stack/index.ts'
import { post, raw } from './raw-request.ts'

/** Who may call, and whose records they see. */
export function credentials(at: StackInUse): void {
  describe('credentials', { concurrency: true }, () => {
    test('a login gives a token that works until logout', async () => {
      const { user_name: userName, password } = at.stack.credentials
      const { token, expires_at } = await createClient({
        url: at.stack.url,
        apiKey: null,
      }).auth.login({ userName, password })
      assert.ok(Date.parse(expires_at) > now())
      const client = createClient({ url: at.stack.url, apiKey: token })
      assert.equal((await client.auth.whoami()).user_name, userName)
      await client.auth.logout()
      await assert.rejects(client.auth.whoami(), { status: 401 })
    })

    test('an API key works until it expires or is deleted', async () => {
      const expires_at = new Date(now() + 10_000).toISOString()
      const key = await at.stack.client.apiKeys.create({ name: 'short', expires_at })
      const client = createClient({ url: at.stack.url, apiKey: key.api_key ?? assert.fail() })
      assert.equal((await client.auth.whoami()).user_name, at.stack.credentials.user_name)
      const answer = await until(
        async () => {
          const now = await raw(at, '/auth/whoami', {
            headers: { authorization: `Bearer ${key.api_key}` },
          })
          return now.status === 401 ? now : null
        },
        { what: 'the key expires' },
      )
      assert.match(answer.text, /expired/)

      const other = await at.stack.client.apiKeys.create({ name: 'gone' })
      await at.stack.client.apiKeys.delete(other.id)
      assert.equal(
        (await raw(at, '/auth/whoami', { headers: { authorization: `Bearer ${other.api_key}` } }))
          .status,
        401,
      )
    })

    test("another workspace's ids are unknown, in every call", async () => {
      const mine = await at.stack.client.executions.create({ flow_name: 'sleeper' })
      const flow = await at.stack.client.flows.get('sleeper', { by: 'name' })
      const other = await otherWorkspace()
      for (const call of [
        () => other.executions.get(mine.id),
        () => other.executions.cancel(mine.id),
        () => other.executions.pause(mine.id),
        () => other.executions.why(mine.id),
        () => other.executions.tree(mine.id),
        () => other.executions.log(mine.id),
        () => other.executions.children(mine.id),
        () => Array.fromAsync(other.executions.stream(mine.id)),
        () => other.flows.get(flow.id),
        () => other.flows.update(flow.id, { description: 'mine now' }),
        () => other.executions.create({ flow_id: flow.id }),
        () => other.executions.create({ flow_name: 'sleeper' }),
      ]) {
        await assert.rejects(call(), { status: 404 })
      }
      assert.deepEqual((await other.executions.list()).items, [])
      assert.deepEqual((await other.flows.list()).items, [])
      const reached = await other.executions.create(
        {
          script: `export default async (s, e, i) => { try { await s.execution(i.id).load('status') } catch (error) { return error.name } }`,
          input_value: { id: mine.id },
        },
        { waitSeconds: 20 },
      )
      assert.equal(reached.output_value, 'ResourceNotFoundError', reached.message ?? '')
      await at.stack.client.executions.cancel(mine.id)
    })
  })

  /** A client in a workspace of its own. */
  async function otherWorkspace(): Promise<Client> {
    const made = (await post(at, '/workspace', { name: `other-${newId()}` })).body ?? {}
    assert.ok(
      typeof made['api_key'] === 'string',
      'a new workspace comes with a key for its first admin',
    )
    return createClient({ url: at.stack.url, apiKey: made['api_key'] })
  }
}

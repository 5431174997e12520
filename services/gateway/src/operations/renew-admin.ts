import { newId, randomToken } from '@millrace/runtime'
import { type Database, insertApiKey, readUserByName, setPassword } from '@millrace/store'
import { makeCredential } from '../auth/credentials.ts'
import { hashPassword } from '../auth/password.ts'

/**
 * A new password and a further API key for an administrator whose secrets were lost, in one commit.
 * Keys that exist already go on working. null when there is no such administrator.
 */
export function renewAdmin(
  db: Database,
  userName: string,
): Promise<{ userName: string; password: string; apiKey: string } | null> {
  return db.transaction(async (tx) => {
    const user = await readUserByName(tx, userName)
    if (user?.is_admin !== true) return null
    const workspaceId = user.workspace_id
    const password = randomToken(18)
    const { secret, hash, prefix } = makeCredential('apiKey')
    await setPassword(tx, { workspaceId, id: user.id, passwordHash: await hashPassword(password) })
    await insertApiKey(tx, {
      workspaceId,
      id: newId(),
      name: `${userName}'s renewed key`,
      userId: user.id,
      keyHash: hash,
      prefix,
      expiresAt: null,
    })
    return { userName, password, apiKey: secret }
  })
}

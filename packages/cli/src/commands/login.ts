import { createClient } from '@millrace/client'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { sameOrigin } from '../find-server.ts'
import { readProfiles, writeProfiles, type Profiles } from '../profile-file.ts'
import { renderFields } from '../render/table.ts'
import { formatTime } from '../render/time.ts'

interface Options {
  readonly url?: string
  readonly user?: string
  readonly passwordStdin?: boolean
}

export function addLoginCommands(program: Command, context: Context): void {
  const { deps } = context

  program
    .command('login')
    .description('log in with name and password; the token is kept in the profile')
    .option('--url <url>', 'the server; by default the one in use')
    .requiredOption('-u, --user <name>', 'user name')
    .option('--password-stdin', 'read the password from standard input')
    .action(async (options: Options) => {
      const url = options.url ?? (await context.server()).url
      const name = context.profile ?? profileFor(url, await readProfiles(deps))
      const password =
        options.passwordStdin === true
          ? (await deps.io.readStdin()).replace(/\r?\n$/, '')
          : await deps.io.askSecret('password: ')
      if (password === null || password === '')
        throw new CliError('no password given', { way: 'pipe it in with --password-stdin' })
      const session = await createClient({ url, apiKey: null }).auth.login({
        userName: options.user ?? '',
        password,
      })
      const { profiles } = await readProfiles(deps)
      const profile = { url, api_key: session.token, expires_at: session.expires_at }
      await writeProfiles(deps, { current: name, profiles: { ...profiles, [name]: profile } })
      deps.io.err(
        `logged in to ${url} until ${formatTime(session.expires_at)}; profile ${name} is in use`,
      )
    })

  program
    .command('whoami')
    .description('show the server in use and who you are there')
    .action(async () => {
      const server = await context.server()
      const me = await (await context.client()).auth.whoami()
      context.print(me, () =>
        renderFields({
          user: me.user_name ?? null,
          workspace: me.workspace_name ?? me.workspace_id ?? null,
          server: server.url,
          from: server.source,
        }),
      )
    })
}

/** The profile in use where it is for this server, or else `default`, which is nobody else's. */
function profileFor(url: string, { current, profiles }: Profiles): string {
  const isFor = (name: string): boolean => sameOrigin(profiles[name]?.url ?? '', url)
  if (current !== null && isFor(current)) return current
  if (profiles['default'] === undefined || isFor('default')) return 'default'
  throw new CliError(`profile default is for ${profiles['default'].url}`, {
    way: `name another one for ${url} with --profile`,
  })
}

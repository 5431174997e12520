/** The connector inputs that reach a test server by its URL. */
export function pgLogIn(url: string): Record<string, unknown> {
  const { hostname, port, username, password, pathname } = new URL(url)
  return {
    host: hostname,
    port: Number(port),
    database: pathname.slice(1),
    tls: { tls_mode: 'off' },
    authentication: {
      authentication_method: 'username_password',
      username: decodeURIComponent(username),
      password: decodeURIComponent(password),
    },
  }
}

import { startEmbeddedPostgres } from '@sallyport/postgres/embedded'
import { ensureMissingRoles } from './ensure-missing-roles.ts'
import { openSession } from './session.ts'

/** A PostgreSQL of its own on loopback, with the platform’s roles and nothing in it. */
export const openScratchDatabase = async (
  directory: string,
): Promise<AsyncDisposable & { readonly adminUrl: string }> => {
  await using stack = new AsyncDisposableStack()
  const server = stack.use(await startEmbeddedPostgres({ directory }))
  {
    await using session = await openSession(server.adminUrl(), 'sallyport prove backup')
    await session.client.query('create database proof')
  }
  const adminUrl = server.adminUrl('proof')
  await ensureMissingRoles(adminUrl)
  const owned = stack.move()
  return { adminUrl, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

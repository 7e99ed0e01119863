// A real server in a process of its own: what attacks it can be measured, and kills no test. It tells by IPC where it
// listens and who may call it, and ends with the test.
import { TenantServiceService } from '@sallyport/contracts/access_control/v1/directory'
import { SallyportError } from '@sallyport/errors/error'
import { createLogger } from '@sallyport/telemetry/logger'
import { createServiceAuthority } from '../src/authority.ts'
import { bind } from '../src/handlers.ts'
import { serveRpc } from '../src/server.ts'

const row = { callers: ['gateway'], permission: 'service', rate: 'internal', audit: 'none' } as const
const missing = async (): Promise<never> => {
  throw new SallyportError('object.not_found')
}
const authority = await createServiceAuthority()
const server = await serveRpc({
  service: 'access-control',
  host: '127.0.0.1',
  port: 0,
  tls: await authority.issue('access-control'),
  keys: missing,
  clock: { now: () => new Date() },
  log: createLogger('test', 'silent'),
  bindings: [
    bind(
      TenantServiceService,
      { createTenant: row, getTenant: row, listTenants: row, updateTenant: row },
      {
        createTenant: missing,
        getTenant: missing,
        updateTenant: missing,
        listTenants: async () => ({ tenants: [], page: { nextCursor: 'alive' } }),
      },
    ),
  ],
})
process.on('disconnect', () => process.exit())
const client = await authority.issue('gateway')
process.send?.({
  address: server.address,
  certificate: client.certificate.toString(),
  privateKey: client.privateKey.toString(),
  authority: client.authority.toString(),
})

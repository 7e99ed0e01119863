import { gatewayDefaults } from '@sallyport/gateway/config'
import { startGateway } from '@sallyport/gateway/service'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import { serveChild } from '../child.ts'

export type GatewayInput = { readonly tls: TlsMaterial; readonly upstream: string }

const plenty = { read: 1e9, write: 1e9, login: 1e9, secret: 1e9, badTokens: 1e9 }

serveChild(async ({ tls, upstream }: GatewayInput) => {
  const gateway = await startGateway({
    ...gatewayDefaults,
    limits: plenty,
    host: '127.0.0.1',
    port: 0,
    origins: ['http://127.0.0.1'],
    services: {
      addresses: {
        'access-control': upstream,
        vault: upstream,
        execution: upstream,
        'session-proxy': upstream,
        audit: upstream,
      },
      tls,
    },
    logLevel: 'error',
  })
  return { ready: gateway.address, stop: () => gateway[Symbol.asyncDispose]() }
})

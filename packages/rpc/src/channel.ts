import { Client } from '@grpc/grpc-js'
import type { ServiceName } from '@sallyport/identity/services'
import { clientCredentials, type TlsMaterial } from './tls.ts'

/** Answers and requests over this size are refused; recordings travel in chunks. */
export const maxMessageBytes = 2 * 1024 * 1024

/** A connection to all replicas of one service. */
export type RpcChannel = Disposable & {
  readonly client: Client
  /** Connects if it has not; whether there is a connection within that time, in milliseconds. */
  readonly connects: (withinMs: number) => Promise<boolean>
}

/**
 * Opens a channel to a service. It connects when first used and reconnects by itself.
 * @param options.address `host:port`, or `dns:///name:port` to go round all replicas of a headless service.
 */
export const openChannel = (options: {
  service: ServiceName
  address: string
  tls: TlsMaterial
}): RpcChannel => {
  const client = new Client(options.address, clientCredentials(options.tls, options.service), {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
    // One that stands still, and does not answer pings either, is taken as gone within two seconds.
    'grpc.keepalive_time_ms': 500,
    'grpc.keepalive_timeout_ms': 1_500,
    'grpc.use_local_subchannel_pool': 1,
    // The name in the TLS greeting; who answers is checked by SPIFFE id.
    'grpc.ssl_target_name_override': options.service,
    'grpc.default_authority': options.service,
  })
  return {
    client,
    connects: withinMs =>
      new Promise(resolve => client.waitForReady(Date.now() + withinMs, failure => resolve(!failure))),
    [Symbol.dispose]: () => client.close(),
  }
}

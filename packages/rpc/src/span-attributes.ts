import type { Method } from './definition.ts'

/** What a span tells of a call. */
export const spanAttributesOf = ({
  path,
}: Method): { readonly 'rpc.system.name': 'grpc'; readonly 'rpc.method': string } => ({
  'rpc.system.name': 'grpc',
  'rpc.method': path.slice(1),
})

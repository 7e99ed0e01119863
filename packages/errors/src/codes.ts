/** What kind of failure it is. The list is closed: it maps to one gRPC status and one HTTP status each. */
export type ErrorCode =
  | 'invalid_argument'
  | 'unauthenticated'
  | 'permission_denied'
  | 'not_found'
  | 'already_exists'
  | 'version_conflict'
  | 'failed_precondition'
  | 'resource_exhausted'
  | 'unavailable'
  | 'deadline_exceeded'
  | 'canceled'
  | 'internal'

type Mapping = { readonly grpc: number; readonly http: number }

/** Status numbers of gRPC (google.rpc.Code) and HTTP (RFC 9110) for each code. */
export const mappings: Readonly<Record<ErrorCode, Mapping>> = {
  invalid_argument: { grpc: 3, http: 400 },
  unauthenticated: { grpc: 16, http: 401 },
  permission_denied: { grpc: 7, http: 403 },
  not_found: { grpc: 5, http: 404 },
  already_exists: { grpc: 6, http: 409 },
  version_conflict: { grpc: 10, http: 412 },
  failed_precondition: { grpc: 9, http: 409 },
  resource_exhausted: { grpc: 8, http: 429 },
  unavailable: { grpc: 14, http: 503 },
  deadline_exceeded: { grpc: 4, http: 504 },
  canceled: { grpc: 1, http: 499 },
  internal: { grpc: 13, http: 500 },
}

/** The code of a gRPC status; one that we never send is internal. */
export const codeOfGrpcStatus = (status: number): ErrorCode => {
  const found = Object.entries(mappings).find(([, mapping]) => mapping.grpc === status)
  return found ? (found[0] as ErrorCode) : 'internal'
}

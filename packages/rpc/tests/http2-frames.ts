/** Frames of HTTP/2 (RFC 9113) and header fields of HPACK (RFC 7541), as no proper client would send them. */
export const preface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

const types = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
} as const

export const flags = { endStream: 1, endHeaders: 4 } as const

type Parts = { readonly stream?: number; readonly flags?: number; readonly payload?: Buffer }

export const frame = (
  type: keyof typeof types,
  { stream = 0, flags: set = 0, payload = Buffer.alloc(0) }: Parts = {},
): Buffer => {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(types[type], 3)
  head.writeUInt8(set, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A literal header field that is not added to the table. Names and values of at most 126 bytes. */
export const field = (name: string, value: string): Buffer =>
  Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ])

export const grpcFields = (path: string): Buffer =>
  Buffer.concat([
    field(':method', 'POST'),
    field(':scheme', 'https'),
    field(':path', path),
    field(':authority', 'access-control'),
    field('te', 'trailers'),
    field('content-type', 'application/grpc'),
  ])

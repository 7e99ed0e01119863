/** The data types of RFC 4251, section 5. */
export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export const string = (value: string | Buffer): Buffer => {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([uint32(bytes.byteLength), bytes])
}

/** Of an unsigned number, big-endian. */
export const mpint = (value: Buffer): Buffer => {
  const first = value.findIndex(byte => byte !== 0)
  const bare = first < 0 ? Buffer.alloc(0) : value.subarray(first)
  return string((bare[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bare]) : bare)
}

export const message = (type: number, ...fields: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([type]), ...fields])

export type Fields = { string(): Buffer; uint32(): number; rest(): Buffer }

export const readFields = (bytes: Buffer, start = 1): Fields => {
  let at = start
  const uint = (): number => {
    at += 4
    return bytes.readUInt32BE(at - 4)
  }
  return {
    uint32: uint,
    string: () => {
      const length = uint()
      at += length
      return bytes.subarray(at - length, at)
    },
    rest: () => bytes.subarray(at),
  }
}

/** Where a sealed value belongs. It opens only there: moved to any other place it is refused. */
export type SealContext = {
  tenant: string
  table: string
  row: string
  column: string
  version: number
}

/**
 * The canonical bytes of a context, for use as associated data.
 *
 * Each field is preceded by its length in bytes (32 bits, big endian), so that no two contexts share an encoding.
 */
export const encodeContext = (context: SealContext): Buffer => {
  const fields = [context.tenant, context.table, context.row, context.column, String(context.version)]
  return Buffer.concat(fields.flatMap(lengthPrefixed))
}

const lengthPrefixed = (field: string): Buffer[] => {
  const bytes = Buffer.from(field, 'utf8')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.byteLength)
  return [length, bytes]
}

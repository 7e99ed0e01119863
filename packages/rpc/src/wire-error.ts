import { type Metadata, Metadata as MetadataClass, type StatusObject } from '@grpc/grpc-js'
import { ErrorInfo, Status } from '@sallyport/contracts/common/v1/error'
import { codeOfGrpcStatus, type ErrorCode, mappings } from '@sallyport/errors/codes'
import { SallyportError } from '@sallyport/errors/error'
import type { Reason } from '@sallyport/errors/reasons'

const detailsKey = 'grpc-status-details-bin'
const errorInfoType = 'type.googleapis.com/google.rpc.ErrorInfo'

/** An error as the trailing status of an RPC: google.rpc.Status with one ErrorInfo. */
export const toStatus = (error: SallyportError): Partial<StatusObject> => {
  const info = ErrorInfo.encode({ reason: error.reason, domain: 'sallyport', metadata: error.metadata })
  const code = mappings[error.code].grpc
  const details = [{ typeUrl: errorInfoType, value: Buffer.from(info.finish()) }]
  const metadata = new MetadataClass()
  metadata.set(detailsKey, Buffer.from(Status.encode({ code, message: error.message, details }).finish()))
  return { code, details: error.message, metadata }
}

/** The error that a failed RPC stands for. Whatever does not come from our own servers becomes a transport failure. */
export const fromStatus = (failure: {
  code?: number
  details?: string
  metadata?: Metadata
  cause?: unknown
}): SallyportError => {
  const info = errorInfoIn(failure.metadata)
  if (info) return SallyportError.fromWire(info.reason, failure.details ?? '', info.metadata)
  const reason = transportReasons[codeOfGrpcStatus(failure.code ?? 13)] ?? 'internal'
  return new SallyportError(reason, undefined, { cause: failure })
}

const transportReasons: Partial<Record<ErrorCode, Reason>> = {
  unavailable: 'service.unavailable',
  deadline_exceeded: 'request.deadline',
  canceled: 'request.canceled',
}

const errorInfoIn = (metadata: Metadata | undefined): ErrorInfo | undefined => {
  const [bytes] = metadata?.get(detailsKey) ?? []
  if (!(bytes instanceof Buffer)) return undefined
  const detail = Status.decode(bytes).details.find(any => any.typeUrl === errorInfoType)
  return detail && ErrorInfo.decode(detail.value)
}

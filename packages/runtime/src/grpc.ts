// What speaks gRPC, apart from the rest so that only who uses it loads it.
export { createGrpcClient, type GrpcCallOptions, type GrpcClient } from './grpc-client.ts'
export {
  MESSAGE_MAX_BYTES,
  type CallContext,
  type GrpcService,
  type RequestOf,
  type ResponseOf,
} from './grpc-contract.ts'
export type { GrpcDoor } from './grpc-door.ts'
export { fromGrpcError, toGrpcFailure, type GrpcFailure } from './grpc-errors.ts'
export { served, serveGrpc } from './grpc-server.ts'
export type {
  GrpcImplementation,
  GrpcServer,
  GrpcServerOptions,
  ServedService,
} from './grpc-server.ts'

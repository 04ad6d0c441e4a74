/**
 * A transport for peers in several processes or on several machines, over TCP or Unix sockets.
 *
 * @example
 * import { tcpTransport } from '@quorate/transport-tcp';
 * const transport = tcpTransport({ listen: '10.0.0.1:7001', psk: key });
 *
 * @packageDocumentation
 */
export type { TcpLimits } from './limits.ts';
export type { PskSecret, PskSecrets, TcpTransportOptions } from './options.ts';
export type { Pem, TlsMaterial, TlsSource } from './tls-material.ts';
export { tcpTransport } from './tcp-transport.ts';

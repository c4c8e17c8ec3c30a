/**
 * The most bytes an event can have. Servers cap an event at max_allowed_packet, 1 GiB at the most, plus headers (MySQL
 * MAX_LOG_EVENT_HEADER, MariaDB MAX_MAX_ALLOWED_PACKET); 64 KiB leave room for those.
 */
export const maxEventBytes = 1024 * 1024 * 1024 + 65_536;

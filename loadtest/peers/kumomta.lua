-- KumoMTA as a durable relay for `npm run bench -- --external`; see ../peers.md.
local kumo = require 'kumo'

local folder = os.getenv 'FOLDER'
local listen = '127.0.0.1:' .. os.getenv 'PORT'
local sink = tonumber(os.getenv 'SINK')
local down = tonumber(os.getenv 'DOWN')

kumo.on('init', function()
  kumo.configure_accounting_db_path(folder .. '/accounting.db')
  for _, name in ipairs { 'data', 'meta' } do
    kumo.define_spool { name = name, path = folder .. '/' .. name, kind = 'RocksDB' }
  end
  kumo.configure_local_logs { log_dir = folder .. '/logs' }
  kumo.start_esmtp_listener {
    listen = listen,
    hostname = 'kumomta.example',
    relay_hosts = { '127.0.0.1' },
    max_messages_per_connection = 10000000,
    tls_certificate = os.getenv 'TLS_CERTIFICATE',
    tls_private_key = os.getenv 'TLS_KEY',
  }
end)

-- Without it a 250 is worth what the page cache is: `flush` does not make a write wait.
kumo.on('smtp_server_message_received', function(message)
  message:set_force_sync(true)
end)

kumo.on('get_queue_config', function(domain)
  return kumo.make_queue_config {
    protocol = { smtp = { mx_list = { { name = domain, addr = '127.0.0.1' } } } },
  }
end)

kumo.on('get_egress_path_config', function(domain)
  local is_down = domain == 'down.example' or domain:sub(-13) == '.down.example'
  return kumo.make_egress_path {
    smtp_port = is_down and down or sink,
    enable_tls = 'Disabled',
    prohibited_hosts = {},
    skip_hosts = {},
    connection_limit = 32,
    max_ready = 20000,
    max_deliveries_per_connection = 100000,
  }
end)

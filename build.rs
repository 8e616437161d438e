//! Compiles Attaché's own messages: without `protoc`, so that nothing but cargo is needed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let messages = protox::compile(["attache/session.proto"], ["proto"])?;
    Ok(prost_build::Config::new().compile_fds(messages)?)
}

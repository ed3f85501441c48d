//! The committed code is what the `.proto` file says. `BLESS=1 cargo test -p taskscope-proto` writes it anew.

use std::path::Path;

#[test]
fn the_generated_code_is_up_to_date() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let descriptors = protox::compile(["taskscope/v1/taskscope.proto"], [here.join("proto")])
        .expect("the .proto file compiles");
    let out = tempfile::tempdir().expect("a folder for the generated code");
    tonic_prost_build::configure()
        .build_client(true)
        .build_server(true)
        .build_transport(false)
        .out_dir(out.path())
        .compile_fds(descriptors)
        .expect("code is generated");
    let fresh =
        std::fs::read_to_string(out.path().join("taskscope.v1.rs")).expect("the generated file");
    let committed = here.join("src/generated/taskscope.v1.rs");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&committed, &fresh).expect("the committed file can be written");
    }
    let old = std::fs::read_to_string(&committed).unwrap_or_default();
    assert!(
        old == fresh,
        "generated code differs: run `BLESS=1 cargo test -p taskscope-proto` and commit the result"
    );
}

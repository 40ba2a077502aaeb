use std::path::PathBuf;

fn main() {
    let object = std::env::var("OBJECT").expect("OBJECT is the linked program");
    let skeleton = PathBuf::from(std::env::var("OUT_DIR").unwrap()).join("program.skel.rs");
    println!("cargo:rerun-if-changed={object}");
    libbpf_cargo::SkeletonBuilder::new()
        .obj(object)
        .generate(skeleton)
        .expect("a skeleton can be made of it");
}

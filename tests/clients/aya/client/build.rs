fn main() -> aya_build::Result<()> {
    aya_build::build_ebpf(
        [aya_build::Package {
            name: "client-ebpf",
            root_dir: "../client-ebpf",
            ..Default::default()
        }],
        aya_build::Toolchain::default(),
    )
}

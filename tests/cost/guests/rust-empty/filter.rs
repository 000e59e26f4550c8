//! A guest whose hook does nothing, without the SDK: what a call costs.
#![no_std]

static mut BLOCK: [u64; 32] = [0; 32];

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

#[no_mangle]
pub extern "C" fn dbmesh_v1() -> i32 {
    0
}

#[no_mangle]
pub extern "C" fn dbmesh_block() -> *mut u8 {
    unsafe { core::ptr::addr_of_mut!(BLOCK) as *mut u8 }
}

#[no_mangle]
pub extern "C" fn on_query(_: i32) -> i64 {
    0
}

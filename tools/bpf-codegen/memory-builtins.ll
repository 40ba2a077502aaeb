; memcpy, memmove, memset, memcmp and bcmp for BPF: see builtins.h. Byte by byte: the
; verifier refuses wider accesses where it cannot tell the alignment. What C's functions return, the
; verifier refuses too when it points to the caller's stack: builtins.c gives the callers
; their own argument in its place.

define ptr @memcpy(ptr %to, ptr %from, i64 %size) #0 !dbg !11 {
entry:
  %none = icmp eq i64 %size, 0
  br i1 %none, label %done, label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %source = getelementptr i8, ptr %from, i64 %i
  %byte = load i8, ptr %source, align 1
  %target = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %target, align 1
  %i.next = add nuw i64 %i, 1
  %more = icmp ult i64 %i.next, %size
  br i1 %more, label %next, label %done

done:
  ret ptr null
}

define ptr @memmove(ptr %to, ptr %from, i64 %size) #0 !dbg !12 {
entry:
  %none = icmp eq i64 %size, 0
  br i1 %none, label %done, label %direction

direction:
  %backward = icmp ugt ptr %to, %from
  br i1 %backward, label %down, label %up

up:
  %i = phi i64 [ 0, %direction ], [ %i.next, %up ]
  %up.source = getelementptr i8, ptr %from, i64 %i
  %up.byte = load i8, ptr %up.source, align 1
  %up.target = getelementptr i8, ptr %to, i64 %i
  store i8 %up.byte, ptr %up.target, align 1
  %i.next = add nuw i64 %i, 1
  %up.more = icmp ult i64 %i.next, %size
  br i1 %up.more, label %up, label %done

down:
  %j = phi i64 [ %size, %direction ], [ %j.next, %down ]
  %j.next = add i64 %j, -1
  %down.source = getelementptr i8, ptr %from, i64 %j.next
  %down.byte = load i8, ptr %down.source, align 1
  %down.target = getelementptr i8, ptr %to, i64 %j.next
  store i8 %down.byte, ptr %down.target, align 1
  %down.more = icmp sgt i64 %j.next, 0
  br i1 %down.more, label %down, label %done

done:
  ret ptr null
}

define ptr @memset(ptr %to, i32 %value, i64 %size) #0 !dbg !13 {
entry:
  %byte = trunc i32 %value to i8
  %none = icmp eq i64 %size, 0
  br i1 %none, label %done, label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %target = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %target, align 1
  %i.next = add nuw i64 %i, 1
  %more = icmp ult i64 %i.next, %size
  br i1 %more, label %next, label %done

done:
  ret ptr null
}

define i32 @memcmp(ptr %a, ptr %b, i64 %size) #0 !dbg !14 {
entry:
  %none = icmp eq i64 %size, 0
  br i1 %none, label %equal, label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %same ]
  %a.address = getelementptr i8, ptr %a, i64 %i
  %a.byte = load i8, ptr %a.address, align 1
  %b.address = getelementptr i8, ptr %b, i64 %i
  %b.byte = load i8, ptr %b.address, align 1
  %differ = icmp ne i8 %a.byte, %b.byte
  br i1 %differ, label %found, label %same

same:
  %i.next = add nuw i64 %i, 1
  %more = icmp ult i64 %i.next, %size
  br i1 %more, label %next, label %equal

found:
  %a.wide = zext i8 %a.byte to i32
  %b.wide = zext i8 %b.byte to i32
  %difference = sub i32 %a.wide, %b.wide
  ret i32 %difference

equal:
  ret i32 0
}

define i32 @bcmp(ptr %a, ptr %b, i64 %size) #0 !dbg !15 {
entry:
  %none = icmp eq i64 %size, 0
  br i1 %none, label %equal, label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %same ]
  %a.address = getelementptr i8, ptr %a, i64 %i
  %a.byte = load i8, ptr %a.address, align 1
  %b.address = getelementptr i8, ptr %b, i64 %i
  %b.byte = load i8, ptr %b.address, align 1
  %differ = icmp ne i8 %a.byte, %b.byte
  br i1 %differ, label %found, label %same

same:
  %i.next = add nuw i64 %i, 1
  %more = icmp ult i64 %i.next, %size
  br i1 %more, label %next, label %equal

found:
  ret i32 1

equal:
  ret i32 0
}

; no-builtins: a loop that copies must not become a call of memcpy
attributes #0 = { noinline nounwind "no-builtins" }

!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2}

!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1, producer: "bpf-linker", isOptimized: true, runtimeVersion: 0, emissionKind: FullDebug, nameTableKind: None)
!1 = !DIFile(filename: "memory-builtins.ll", directory: "bpf-linker")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = !DIDerivedType(tag: DW_TAG_pointer_type, baseType: null, size: 64)
!4 = !DIDerivedType(tag: DW_TAG_pointer_type, baseType: !5, size: 64)
!5 = !DIDerivedType(tag: DW_TAG_const_type, baseType: null)
!6 = !DIBasicType(name: "int", size: 32, encoding: DW_ATE_signed)
!7 = !DIBasicType(name: "unsigned long", size: 64, encoding: DW_ATE_unsigned)
!8 = !DISubroutineType(types: !{!3, !3, !4, !7})
!9 = !DISubroutineType(types: !{!3, !3, !6, !7})
!10 = !DISubroutineType(types: !{!6, !4, !4, !7})
!11 = distinct !DISubprogram(name: "memcpy", scope: !1, file: !1, line: 6, type: !8, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !20)
!12 = distinct !DISubprogram(name: "memmove", scope: !1, file: !1, line: 25, type: !8, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !24)
!13 = distinct !DISubprogram(name: "memset", scope: !1, file: !1, line: 58, type: !9, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !28)
!14 = distinct !DISubprogram(name: "memcmp", scope: !1, file: !1, line: 76, type: !10, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !32)
!15 = distinct !DISubprogram(name: "bcmp", scope: !1, file: !1, line: 105, type: !10, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !36)
!20 = !{!21, !22, !23}
!21 = !DILocalVariable(name: "to", arg: 1, scope: !11, file: !1, line: 6, type: !3)
!22 = !DILocalVariable(name: "from", arg: 2, scope: !11, file: !1, line: 6, type: !4)
!23 = !DILocalVariable(name: "size", arg: 3, scope: !11, file: !1, line: 6, type: !7)
!24 = !{!25, !26, !27}
!25 = !DILocalVariable(name: "to", arg: 1, scope: !12, file: !1, line: 25, type: !3)
!26 = !DILocalVariable(name: "from", arg: 2, scope: !12, file: !1, line: 25, type: !4)
!27 = !DILocalVariable(name: "size", arg: 3, scope: !12, file: !1, line: 25, type: !7)
!28 = !{!29, !30, !31}
!29 = !DILocalVariable(name: "to", arg: 1, scope: !13, file: !1, line: 58, type: !3)
!30 = !DILocalVariable(name: "value", arg: 2, scope: !13, file: !1, line: 58, type: !6)
!31 = !DILocalVariable(name: "size", arg: 3, scope: !13, file: !1, line: 58, type: !7)
!32 = !{!33, !34, !35}
!33 = !DILocalVariable(name: "a", arg: 1, scope: !14, file: !1, line: 76, type: !4)
!34 = !DILocalVariable(name: "b", arg: 2, scope: !14, file: !1, line: 76, type: !4)
!35 = !DILocalVariable(name: "size", arg: 3, scope: !14, file: !1, line: 76, type: !7)
!36 = !{!37, !38, !39}
!37 = !DILocalVariable(name: "a", arg: 1, scope: !15, file: !1, line: 105, type: !4)
!38 = !DILocalVariable(name: "b", arg: 2, scope: !15, file: !1, line: 105, type: !4)
!39 = !DILocalVariable(name: "size", arg: 3, scope: !15, file: !1, line: 105, type: !7)
